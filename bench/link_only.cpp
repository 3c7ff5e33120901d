// The least that a program can do that links libtorch_cpu: what remains is LibTorch's own start and
// end.
int main() { return 0; }
