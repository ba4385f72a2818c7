"""What can be done with a migration: one verb a file, inputs to a frozen result. No signals, no exit codes, nothing printed.

check  census  test  preview       edit a mapping
written                            show it with what it extends
dry_run  run  pilot                prepare, and upload
resume  retry  resolve             go on, send again, decide
status  history  verify            look, and be sure
diff  sample                       compare two packages, or mappings; choose a few records to look at
target  new_stage                  what a second target is, or a stage that came later
start_over  transfer               where records are sent, and where it is kept that they were

settings.py  how to prepare        which.py    which journal is meant
prepare.py   sources to package    summing.py  what became of every row
"""
