	.syntax	unified
	.eabi_attribute	67, "2.09"
	.eabi_attribute	6, 13
	.eabi_attribute	7, 77
	.eabi_attribute	8, 0
	.eabi_attribute	9, 2
	.fpu	fpv4-sp-d16
	.eabi_attribute	27, 1
	.eabi_attribute	36, 1
	.eabi_attribute	34, 1
	.eabi_attribute	17, 1
	.eabi_attribute	20, 1
	.eabi_attribute	21, 1
	.eabi_attribute	23, 3
	.eabi_attribute	24, 1
	.eabi_attribute	25, 1
	.eabi_attribute	28, 1
	.eabi_attribute	38, 1
	.eabi_attribute	14, 0
	.code	16
	.file	"t.cfceb77a2975d81f-cgu.0"

	.section	.text._ZN1t1f17h61e23db5230ec2d3E,"ax",%progbits
	.p2align	2
	.globl	_ZN1t1f17h61e23db5230ec2d3E
	.type	_ZN1t1f17h61e23db5230ec2d3E,%function
	.code	16
	.p2align	1
	.code	16
_ZN1t1f17h61e23db5230ec2d3E:
	.thumb_func
	ldrd	r1, r2, [r0], #64
	smlad	r0, r1, r2, r1
	bx	lr
.Lfunc_end__ZN1t1f17h61e23db5230ec2d3E:
.Ltmp0:
	.size	_ZN1t1f17h61e23db5230ec2d3E, .Ltmp0-_ZN1t1f17h61e23db5230ec2d3E
	.text

	.code	16
	.p2align	1
	.section	.text._ZN1t1f17h665da7619fae7020E,"ax",%progbits
	.p2align	2
	.globl	_ZN1t1f17h665da7619fae7020E
	.type	_ZN1t1f17h665da7619fae7020E,%function
	.code	16
	.p2align	1
	.code	16
_ZN1t1f17h665da7619fae7020E:
	.thumb_func
	ldrd	r1, r2, [r0], #8
	smlad	r0, r1, r2, r1
	bx	lr
.Lfunc_end__ZN1t1f17h665da7619fae7020E:
.Ltmp1:
	.size	_ZN1t1f17h665da7619fae7020E, .Ltmp1-_ZN1t1f17h665da7619fae7020E
	.text

	.code	16
	.p2align	1


	.section	.text.g,"ax",%progbits
	.globl	g
	.p2align	1
	.type	g,%function
	.code	16
	.thumb_func
g:
	.fnstart
	.save	{r4, r5, r7, lr}
	push	{r4, r5, r7, lr}
	.setfp	r7, sp, #8
	add	r7, sp, #8
	mov	r4, r0
	bl	_ZN1t1f17h665da7619fae7020E
	mov	r5, r0
	mov	r0, r4
	bl	_ZN1t1f17h61e23db5230ec2d3E
	add	r0, r5
	pop	{r4, r5, r7, pc}
.Lfunc_end0:
	.size	g, .Lfunc_end0-g
	.cantunwind
	.fnend

	.ident	"rustc version 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"
	.section	".note.GNU-stack","",%progbits
	.eabi_attribute	30, 2
