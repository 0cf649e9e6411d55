"""MQTT 5 and 3.1.1 behind the ``Source`` port (pipeline/ports.py).

source        chooses by ``mqtt.version``
v5            connects; v5_link is one live connection, v5_wire the network below it; v5_packets
              turns bytes into packets by v5_codec; v5_stream keeps memory flat for payloads above
              the limit; v5_requests asks for subscriptions
v311          the same ports over aiomqtt
publisher     publishes, for ``gateway publish`` and the simulated fleet; also over aiomqtt
probe         asks what the broker would grant, for ``gateway check``; also over aiomqtt
client        the one place that reaches into aiomqtt; requests asks it for subscriptions
answers       what goes back for a message, and which message has come before, for both versions
address, tls, reasons, malformed, keepalive    what both versions share
"""
