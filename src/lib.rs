//! The N-API binding of millrace.
