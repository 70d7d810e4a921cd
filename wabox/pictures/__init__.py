"""Pictures from strangers: drawn, cleaned and made small in a process of their own, so that one may end badly."""
