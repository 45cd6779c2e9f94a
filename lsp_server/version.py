"""The version, without the cost of looking up installed metadata at every start."""

VERSION = "0.1.0"
