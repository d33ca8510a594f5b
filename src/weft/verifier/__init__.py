"""A second reading of policy: who may reach whom, why, and what a change would open or close.

Nothing here knows how policy is compiled. Where this reading and the compiler's disagree one of them is
wrong, and real packets tell which.
"""
