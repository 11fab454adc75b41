"""What gpu.py and cpu.py share. work and samples are arithmetic and need no PyTorch; reference does."""
