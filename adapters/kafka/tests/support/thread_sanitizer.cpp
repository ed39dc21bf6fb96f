// What the thread sanitizer needs to watch a program with librdkafka in it, which is not built for
// it. librdkafka makes its threads and locks by C11's functions, which the sanitizers of gcc and
// clang do not know: they crash in such a thread. Here are the same by POSIX's functions, which
// they know. glibc's two kinds have one layout each.

#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <ctime>
#include <memory>

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t));

namespace {

struct start {
  thrd_start_t function;
  void* argument;
};

void* run(void* opaque) {
  const std::unique_ptr<start> begun(static_cast<start*>(opaque));
  begun->function(begun->argument);
  return nullptr;
}

pthread_mutex_t* posix(mtx_t* mutex) { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* posix(cnd_t* condition) { return reinterpret_cast<pthread_cond_t*>(condition); }

int as_c11(int error) {
  if (error == 0) return thrd_success;
  return error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

}  // namespace

// librdkafka counts references by atomics that the sanitizer cannot see, so it takes the last
// owner's free() for a race. We free nothing so, and races in our callbacks have another top frame.
// It also takes the locks of two of its queues in either order (its issue 4782).
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the sanitizer's name
extern "C" const char* __tsan_default_suppressions() {
  return "race_top:free\nrace_top:pthread_rwlock_destroy\ndeadlock:librdkafka.so\n";
}

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the library's are reserved
extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  auto begun = std::make_unique<start>(start{function, argument});
  const int error = pthread_create(thread, nullptr, &run, begun.get());
  if (error == 0) static_cast<void>(begun.release());  // the thread's from now on
  return as_c11(error);
}
int thrd_join(thrd_t thread, int* /*result*/) { return as_c11(pthread_join(thread, nullptr)); }

int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) {
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  }
  const int error = pthread_mutex_init(posix(mutex), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return as_c11(error);
}
int mtx_lock(mtx_t* mutex) { return as_c11(pthread_mutex_lock(posix(mutex))); }
int mtx_unlock(mtx_t* mutex) { return as_c11(pthread_mutex_unlock(posix(mutex))); }
void mtx_destroy(mtx_t* mutex) { pthread_mutex_destroy(posix(mutex)); }

int cnd_init(cnd_t* condition) { return as_c11(pthread_cond_init(posix(condition), nullptr)); }
int cnd_signal(cnd_t* condition) { return as_c11(pthread_cond_signal(posix(condition))); }
int cnd_broadcast(cnd_t* condition) { return as_c11(pthread_cond_broadcast(posix(condition))); }
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return as_c11(pthread_cond_wait(posix(condition), posix(mutex)));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  return as_c11(pthread_cond_timedwait(posix(condition), posix(mutex), until));
}
void cnd_destroy(cnd_t* condition) { pthread_cond_destroy(posix(condition)); }

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
