//! Records by HTTP POST.
