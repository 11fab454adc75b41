"""The parts of ../cpu.py. goals and tables are arithmetic and text and need no PyTorch; the others do."""
