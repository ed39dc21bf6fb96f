"""Answers each line of the standard input with what envelope.py makes of it.

  w FORM PAYLOAD [NAME=VALUE]...   what is sent
  r FORM RECEIVED                  "-" or "+" (no envelope, or one), the payload, [NAME=VALUE]...

Bytes are hexadecimal, "." in front; a value that is null is "null", of another type "other".
"""

import sys

import envelope


def text(data):
    if data is None:
        return "null"
    return "other" if data is envelope.FOREIGN else "." + data.hex()


def data(text):
    return bytes.fromhex(text[1:])


def answer(line):
    way, form, payload, *pairs = line.split()
    write, read = envelope.FORMS[form]
    if way == "w":
        return text(write(data(payload), [tuple(map(data, pair.split("="))) for pair in pairs]))
    pairs, rest = read(data(payload))
    shown = [f"{text(name)}={text(value)}" for name, value in pairs or ()]
    return " ".join(["-" if pairs is None else "+", text(rest), *shown])


for each in sys.stdin:
    print(answer(each))
