"""Several USSs plan against each other by chance, and somebody who trusts none of them watches."""
