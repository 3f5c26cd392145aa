"""Planning, simulated: real attempts of two or three planners over model exchanges, with answers
that are lost or late, planners that are killed, and peers that err.
"""
