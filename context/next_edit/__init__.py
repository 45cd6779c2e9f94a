"""Next edits without a model: what was changed here is due there as well.

`log` keeps what the user changed; the rules find places where the same is due; `predict` picks one
and says how sure it is. Everything here is pure: texts, times and other files are handed in.
"""
