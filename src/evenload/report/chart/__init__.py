"""A small SVG chart kit: scales, axes, marks, labels and heat maps as text; it knows shapes, not studies."""
