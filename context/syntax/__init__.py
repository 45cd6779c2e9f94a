"""Tree-sitter trees and outlines of code."""
