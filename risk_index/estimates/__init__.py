"""What drawn inspections say about the whole registry: rates and harm, with the doubt of the draw.

``design`` weighs the firms drawn, ``estimators`` and ``intervals`` turn outcomes into a number with its
doubt, ``table`` does so for the registry, its regions and sectors, ``rounds`` reads a draw and what was
found.
"""
