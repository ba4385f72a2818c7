"""A second Omnitron for the tests, written from docs/omnitron-contract.md alone: it shares no line with etl or its stand-in.

It takes nothing on trust: what the contract does not allow is written down as a violation. Every request is on the disk
before it is answered, so that it can say at the end what arrived, whatever became of the client. Standard library only.

python -m strict_server --folder FOLDER --token TOKEN        (from the folder tests/)
"""
