"""From a file as people have it to its records: kind, encoding, separator, header line, sheet, and each line."""
