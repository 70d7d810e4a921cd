"""What ails a box or a phone: found, told once, told again while it lasts, and once more when it is well again."""
