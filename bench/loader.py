"""Puts messages into a broker as fast as it takes them: hand-made MQTT 5 packets at QoS 1 over one socket."""

from __future__ import annotations

import socket
import struct
import threading

from bench.telemetry import message

_WINDOW = 500
"""PUBLISH packets in flight."""


def load(port: int, count: int) -> None:
    """Returns when the broker has acknowledged ``count`` messages."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        client_id = b"bench-loader"
        variable = b"\x00\x04MQTT\x05\x02\x00\x00\x00" + struct.pack(">H", len(client_id)) + client_id
        connection.sendall(b"\x10" + bytes([len(variable)]) + variable)
        _read_packet(connection)
        room = threading.Semaphore(_WINDOW)
        reader = threading.Thread(target=_count_acknowledgements, args=(connection, count, room))
        reader.start()
        for number in range(count):
            room.acquire()
            topic, payload = message(number)
            connection.sendall(_publish(topic.encode(), payload, number % 65535 + 1))
        reader.join()


def _publish(topic: bytes, payload: bytes, packet_id: int) -> bytes:
    body = struct.pack(">H", len(topic)) + topic + struct.pack(">H", packet_id) + b"\x00" + payload
    length, size = len(body), bytearray()
    while True:
        size.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return b"\x32" + bytes(size) + body


def _count_acknowledgements(connection: socket.socket, count: int, room: threading.Semaphore) -> None:
    left, buffer = count, b""
    while left:
        buffer += connection.recv(65536)
        at = 0
        while at + 2 <= len(buffer) and at + 2 + buffer[at + 1] <= len(buffer):
            at += 2 + buffer[at + 1]
            left -= 1
            room.release()
        buffer = buffer[at:]


def _read_packet(connection: socket.socket) -> bytes:
    head = connection.recv(2)
    return head + connection.recv(head[1])
