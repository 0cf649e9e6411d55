"""Contract + schema version -> a plain function from payload bytes to a record or a rejection.

Three stages, each fixing what it knows: ``compile`` a route, ``bind`` it to a topic, ``encode`` a payload.
"""
