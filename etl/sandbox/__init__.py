"""A local Omnitron to rehearse against: real HTTP, a real store, and faults on demand. Imports nothing else of etl."""
