"""The parts of ../gpu.py. work, samples and table are arithmetic and text and need no PyTorch; the others do."""
