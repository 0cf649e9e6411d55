"""What was committed: the git repository around the folder of contracts, read through the git command.

Nothing in the repository is changed, and no remote is asked.
"""
