"""Self-contained HTML pages and SVG plots."""
