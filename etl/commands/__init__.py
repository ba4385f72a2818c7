"""What can be done with a migration: verbs, inputs to a frozen result. No signals, no exit codes, nothing printed.

A file holds one verb, or those that belong together.

inspect  init                      look at a shop, begin its mapping
check  census  test  preview       edit a mapping
written                            show it with what it extends
fix                                mend rejected rows
channel  review                    keep the channel's places; name those that no list has
snapshot                           keep what is on the shop's server
dry_run  run  pilot                prepare, and upload
resume  retry  resolve             go on, send again, decide
status  history  verify            look, and be sure
find  explain  lineage             all of a customer; how a value came about; which column feeds what
report  reconcile                  tell of a package again; sum up its money
diff  sample                       compare two packages, or mappings; choose a few records to look at
target  new_stage                  what a second target is, or a stage that came later
start_over  transfer               where records are sent, and where it is kept that they were
purge                              remove what holds people's data

settings.py  how to prepare        which.py    which journal is meant
prepare.py   sources to package    summing.py  what became of every row
"""
