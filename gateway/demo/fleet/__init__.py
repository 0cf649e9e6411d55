"""A simulated fleet: what real devices publish, without devices.

Rules
- Pure: the same seed, fleet and start give the same publications, byte for byte. No clock, no I/O;
  who consumes ``fleet.simulate`` waits ``delay_s`` and publishes.
- Each device is a model of something physical (pump.py, container.py, ...) that knows what its
  contract asks for. How its firmware gets that wrong is data beside it: ``FIRMWARES``, in the words
  of quirks.py.
- ``Publication.intended`` is what the profile had in mind. What becomes of a payload the gateway decides.

Must not know: schemas, contracts as files, the gateway's own rules.
"""
