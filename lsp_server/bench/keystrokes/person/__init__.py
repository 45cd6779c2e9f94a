"""A person at an editor: what the editor does by itself, habits, slips, and what they damage."""
