"""What drawn inspections say about the whole registry: rates and harm, with the doubt of the draw.

``risk_index.survey`` weighs the firms drawn and turns outcomes into a number with its doubt, ``table`` does
so for the registry, its regions and sectors, ``rounds`` reads a draw and what was found.
"""
