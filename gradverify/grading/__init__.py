"""Grading students' gradients: an assignment and a folder of submissions in, scores and feedback out."""
