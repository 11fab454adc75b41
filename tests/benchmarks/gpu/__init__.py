"""The parts of ../gpu.py that are for a GPU. table is text and needs no PyTorch; the others do."""
