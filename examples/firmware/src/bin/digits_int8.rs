//! The digits in int8.

#![no_std]
#![no_main]

firmware::digits!(int8);
