"""notify: everyone gets an answer. It pays the reply obligations of every case, with proof."""
