#!/usr/bin/env python3
"""Takes all messages out of a queue with pika and prints them as JSON, one a line.

usage: read_queue.py HOST PORT QUEUE
Python's own notation of the headers keeps their types apart.
"""
import json
import sys

import pika

# pika reads a table within a table by calling itself.
sys.setrecursionlimit(10_000)
host, port, queue = sys.argv[1], int(sys.argv[2]), sys.argv[3]
connection = pika.BlockingConnection(pika.ConnectionParameters(host, port))
channel = connection.channel()
while True:
    method, properties, body = channel.basic_get(queue, auto_ack=True)
    if method is None:
        break
    headers = properties.headers or {}
    print(
        json.dumps(
            {
                "body": body.hex(),
                "names": list(headers),
                "headers": {name: repr(value) for name, value in headers.items()},
                "content_type": properties.content_type,
                "message_id": properties.message_id,
                "priority": properties.priority,
            }
        )
    )
connection.close()
