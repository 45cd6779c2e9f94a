"""Servers under test, behind one interface."""
