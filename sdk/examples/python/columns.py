"""Reads and writes columns of a batch: lengths and bytes, see wit/README.md, section "Columns"."""


def texts(values, count):
    """Returns the values of a column as texts, and None for each null."""
    result = [None] * count
    position = 0
    # An empty list means that every value is null.
    for index, length in enumerate(values.lengths):
        if length >= 0:
            result[index] = values.bytes[position : position + length].decode()
            position += length
    return result


def lengths_and_bytes(texts):
    """Returns the lengths and the bytes of a column of these texts."""
    encoded = [None if text is None else text.encode() for text in texts]
    lengths = [-1 if text is None else len(text) for text in encoded]
    return lengths, b"".join(text for text in encoded if text is not None)


def format_indexes(values, count):
    """Returns the index of the format of each value. An empty list means the first format for every value."""
    return list(values.format_index) or [0] * count
