"""What the values of a stage are like: how full its fields are, how long, how they spread, what they sum up to.

A part's rows make a `StageSketch`, where they are prepared. Sketches are put together in any order to the same one, and take no
more room for a hundred million rows than for a thousand. They know neither rules nor files.
"""
