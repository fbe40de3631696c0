"""The colours of every chart.

Each has a contrast of at least 4.5 to 1 on white (WCAG 2.2, 1.4.3). No line differs by its colour alone.
"""

DARK, WARM, GREEN, GREY = "#0f5c6e", "#a63d00", "#2e6b1f", "#5b6774"
TEXT = "#3d4a57"
INK = {"labelColor": TEXT, "titleColor": TEXT}
