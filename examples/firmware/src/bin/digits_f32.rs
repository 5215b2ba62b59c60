//! The digits in f32.

#![no_std]
#![no_main]

firmware::digits!(float);
