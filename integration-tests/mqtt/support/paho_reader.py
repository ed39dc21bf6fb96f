"""Prints what an MQTT client in Python receives: a line "ready", then one line of JSON a message.

Usage: paho_reader.py HOST PORT FILTER COUNT
"""

import json
import sys

import paho.mqtt.client as mqtt


def main():
    host, port, topic_filter, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    left = [count]
    # Version 2 of the library wants to be told which callbacks these are.
    versions = getattr(mqtt, "CallbackAPIVersion", None)
    arguments = [] if versions is None else [versions.VERSION1]
    client = mqtt.Client(*arguments, protocol=mqtt.MQTTv5)

    def on_subscribe(*_):
        print("ready", flush=True)

    def on_message(client, _, message):
        properties = getattr(message.properties, "UserProperty", [])
        print(
            json.dumps(
                {
                    "topic": message.topic,
                    "payload": message.payload.hex(),
                    "qos": message.qos,
                    "retain": bool(message.retain),
                    "properties": [list(each) for each in properties],
                    "content_type": getattr(message.properties, "ContentType", None),
                    "correlation": getattr(message.properties, "CorrelationData", b"").hex(),
                }
            ),
            flush=True,
        )
        left[0] -= 1
        if left[0] == 0:
            client.disconnect()

    client.on_connect = lambda client, *_: client.subscribe(topic_filter, qos=2)
    client.on_subscribe = on_subscribe
    client.on_message = on_message
    client.connect(host, port, clean_start=True)
    client.loop_forever()


main()
