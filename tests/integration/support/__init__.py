"""What the black-box tests are written with: a real server, a real database, a strict client."""
