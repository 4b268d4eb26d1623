// Debian's OpenCV archives refer to OpenGL's loader, for windows that birthmark never opens. These answer "there is no
// OpenGL", so that a wheel needs neither that library nor X11.
extern "C" {

void* glXGetCurrentContext() { return nullptr; }
void* glXGetCurrentDisplay() { return nullptr; }
void* glXGetProcAddressARB(const unsigned char*) { return nullptr; }
}
