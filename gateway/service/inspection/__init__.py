"""What ``gateway check`` looks at: files alone, or with ``--online`` the broker, Kafka and the registry too.

report     puts everything together
folders    the contracts: do they hold together, keep the team's rules, may they follow their own past
settings   gateway.yaml beyond its own syntax: what the client libraries and files behind it say
broker, topics, subjects    one peer each. A peer that is away is a finding, and stops no other

Rules
- Harmless to production: nothing is written anywhere, no session, share or consumer group is touched.
- What a service cannot answer is ``unknown``, never a failure.
"""
