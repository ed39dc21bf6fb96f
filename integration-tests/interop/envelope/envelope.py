"""Reads and writes envelopes as docs/envelope.md describes them: a second implementation.

It is written from that page alone and shares nothing with the library. Payloads are bytes.
"""

import re

FIELDS = (b"traceparent", b"tracestate", b"baggage")
EVENT_FIELDS = (b"traceparent", b"tracestate")
MAGIC = b"\xfewbl"
DEPTH_MAX = 1000
FOREIGN = object()  # a value that is neither a string nor null

SPACE = re.compile(rb"[ \t\r\n]*")
STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
SCALAR = re.compile(rb"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
ESCAPE = re.compile(rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
                    rb"|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def crc32c(data):
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (0x82F63B78 if remainder & 1 else 0)
    return remainder ^ 0xFFFFFFFF


def write_frame(payload, pairs):
    if not pairs and not payload.startswith(MAGIC):
        return payload
    block = b"".join(len(name).to_bytes(1, "big") + name + len(value).to_bytes(2, "big") + value
                     for name, value in pairs)
    checked = b"\x01" + len(block).to_bytes(2, "big") + block
    return MAGIC + checked + crc32c(checked).to_bytes(4, "big") + payload


def read_frame(received):
    """(pairs or None, payload)"""
    if not received.startswith(MAGIC) or len(received) < 11 or received[4] != 1:
        return None, received
    end = 7 + int.from_bytes(received[5:7], "big")
    checksum = received[end:end + 4]
    if len(checksum) < 4 or int.from_bytes(checksum, "big") != crc32c(received[4:end]):
        return None, received
    pairs, at = [], 7
    while at < end:
        name_end = at + 1 + received[at]
        if received[at] == 0 or name_end + 2 > end:
            return None, received
        value_end = name_end + 2 + int.from_bytes(received[name_end:name_end + 2], "big")
        if value_end > end:
            return None, received
        pairs.append((received[at + 1:name_end], received[name_end + 2:value_end]))
        at = value_end
    return pairs, received[end + 4:]


def unescape(inner):
    def meaning(match):
        high, low, single, letter = match.groups()
        if high:
            code = 0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00
        elif single:
            code = int(single, 16)
            if 0xD800 <= code < 0xE000:
                code = 0xFFFD
        else:
            return LETTERS.get(letter, letter)
        return chr(code).encode("utf-8")

    return ESCAPE.sub(meaning, inner)


def escape(value):
    out = bytearray(b'"')
    for byte in value:
        if byte in b'"\\':
            out += b"\\" + bytes([byte])
        elif byte < 0x20:
            out += b"\\u%04x" % byte
        else:
            out.append(byte)
    return bytes(out + b'"')


class NoObject(Exception):
    pass


class Json:
    """The members of an object as (name, value, where it begins, where its value ends, what follows)."""

    def __init__(self, text):
        self.text, self.at, self.members = text, 0, []
        self.space()
        self.take(b"{")
        self.inside = self.at
        self.space()
        if not self.sees(b"}"):
            self.member()
            while self.sees(b","):
                self.at += 1
                self.space()
                self.member()
        self.take(b"}")
        self.space()
        if self.at != len(text):
            raise NoObject

    def sees(self, byte):
        return self.text[self.at:self.at + 1] == byte

    def take(self, byte):
        if not self.sees(byte):
            raise NoObject
        self.at += 1

    def space(self):
        self.at = SPACE.match(self.text, self.at).end()

    def match(self, pattern):
        found = pattern.match(self.text, self.at)
        if found is None:
            raise NoObject
        self.at = found.end()
        return found[0]

    def name(self):
        name = self.match(STRING)
        self.space()
        self.take(b":")
        self.space()
        return unescape(name[1:-1])

    def member(self):
        begin = self.at
        name = self.name()
        value_at = self.at
        self.value()
        raw, end = self.text[value_at:self.at], self.at
        if raw.startswith(b'"'):
            value = unescape(raw[1:-1])
        else:
            value = None if raw == b"null" else FOREIGN
        self.space()
        self.members.append((name, value, begin, end, self.at))

    def value(self):
        open_brackets = []
        while True:
            if self.sees(b"{") or self.sees(b"["):
                bracket = self.text[self.at:self.at + 1]
                self.at += 1
                open_brackets.append(bracket)
                if len(open_brackets) + 1 > DEPTH_MAX:
                    raise NoObject
                self.space()
                if not self.sees(b"}" if bracket == b"{" else b"]"):
                    if bracket == b"{":
                        self.name()
                    continue
            else:
                self.match(STRING if self.sees(b'"') else SCALAR)
            if not self.leave(open_brackets):
                return

    def leave(self, open_brackets):
        """Whether another value follows within what is open."""
        while open_brackets:
            self.space()
            is_object = open_brackets[-1] == b"{"
            if self.sees(b"}" if is_object else b"]"):
                self.at += 1
                open_brackets.pop()
                continue
            self.take(b",")
            self.space()
            if is_object:
                self.name()
            return True
        return False

    def foreign(self):
        """The names that are the application's own: of a trace's all or none."""
        names = {name for name, value, *_ in self.members if value is FOREIGN}
        return names.union(EVENT_FIELDS) if names.intersection(EVENT_FIELDS) else names

    def own(self, fields):
        return {name for name, *_ in self.members if name in fields} - self.foreign()

    def without(self, names, added=b""):
        """The text without these members and with others behind the brace."""
        gone = [name in names for name, *_ in self.members]
        kept = [i for i, is_gone in enumerate(gone) if not is_gone]
        out = self.text[:self.inside] + added + (b"," if added and kept else b"")
        # Those at the end, behind the last that stays, go with the comma in front of them.
        tail = kept[-1] + 1 if kept else len(gone)
        copied = self.inside
        for i, (_, _, begin, end, following) in enumerate(self.members):
            if not gone[i]:
                continue
            if i == tail:
                out += self.text[copied:self.members[i - 1][4]]
                copied = self.members[-1][3]
                break
            out += self.text[copied:begin]
            copied = end if i + 1 == len(gone) else following + 1
        return out + self.text[copied:]


def parse(text):
    try:
        return Json(text)
    except NoObject:
        return None


def added_members(pairs):
    return b",".join(escape(name) + b":" + escape(value) for name, value in pairs)


def write_members(payload, pairs):
    parsed = parse(payload)
    if parsed is None or not pairs:
        return payload
    pairs = [pair for pair in pairs if pair[0] in FIELDS and pair[0] not in parsed.foreign()]
    return parsed.without({name for name, _ in pairs}, added_members(pairs)) if pairs else payload


def last_values(parsed, fields):
    """(name, value) of the last member of each field, in the fields' order."""
    last = {name: value for name, value, *_ in parsed.members}
    last.update((name, FOREIGN) for name in parsed.foreign().intersection(last))
    return [(name, last[name]) for name in fields if name in last]


def read_members(received):
    parsed = parse(received)
    if parsed is None or not parsed.own(FIELDS):
        return None, received
    return last_values(parsed, FIELDS), parsed.without(parsed.own(FIELDS))


def is_event(parsed):
    if parsed is None:
        return False
    versions = [value for name, value, *_ in parsed.members if name == b"specversion"]
    return bool(versions) and isinstance(versions[-1], bytes)


def write_event(payload, pairs):
    parsed = parse(payload)
    pairs = [pair for pair in pairs if pair[0] in EVENT_FIELDS]
    if not is_event(parsed) or not pairs or any(m[0] in EVENT_FIELDS for m in parsed.members):
        return payload
    return parsed.without(set(), added_members(pairs))


def read_event(received):
    parsed = parse(received)
    if not is_event(parsed) or not parsed.own(EVENT_FIELDS):
        return None, received
    return last_values(parsed, EVENT_FIELDS), received


FORMS = {"frame": (write_frame, read_frame), "cloudevents-json": (write_event, read_event),
         "json-members": (write_members, read_members)}
