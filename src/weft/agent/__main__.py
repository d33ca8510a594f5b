"""`python -m weft.agent --config FILE`."""

from weft.agent.daemon import main

main()
