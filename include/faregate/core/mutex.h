#pragma once

#include <condition_variable>
#include <mutex>

// Clang's thread safety analysis (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html) does not
// understand libstdc++'s mutex, so the project has one of its own that carries the annotations.
#if defined(__clang__)
#define FG_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define FG_THREAD_ANNOTATION(x)
#endif

#define FG_CAPABILITY(x) FG_THREAD_ANNOTATION(capability(x))
#define FG_SCOPED_CAPABILITY FG_THREAD_ANNOTATION(scoped_lockable)
#define FG_GUARDED_BY(x) FG_THREAD_ANNOTATION(guarded_by(x))
#define FG_PT_GUARDED_BY(x) FG_THREAD_ANNOTATION(pt_guarded_by(x))
#define FG_REQUIRES(...) FG_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define FG_EXCLUDES(...) FG_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define FG_ACQUIRE(...) FG_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define FG_TRY_ACQUIRE(...) FG_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define FG_RELEASE(...) FG_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define FG_NO_THREAD_SAFETY_ANALYSIS FG_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace faregate {

/// A mutex that the compiler can check. Not recursive.
class FG_CAPABILITY("mutex") Mutex {
  public:
    void lock() FG_ACQUIRE() { mutex_.lock(); }
    bool try_lock() FG_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
    void unlock() FG_RELEASE() { mutex_.unlock(); }

  private:
    std::mutex mutex_;
};

/// Holds a Mutex for a scope.
class FG_SCOPED_CAPABILITY MutexLock {
  public:
    explicit MutexLock(Mutex& mutex) FG_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
    ~MutexLock() FG_RELEASE() { mutex_.unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

  private:
    Mutex& mutex_;
};

/// A condition variable for Mutex. Wait in a loop around the condition, with the lock held.
class ConditionVariable {
  public:
    void wait(Mutex& mutex) FG_REQUIRES(mutex) { condition_.wait(mutex); }
    template <typename Length>
    bool wait_for(Mutex& mutex, Length length) FG_REQUIRES(mutex) {
        return condition_.wait_for(mutex, length) == std::cv_status::no_timeout;
    }
    void notify_one() noexcept { condition_.notify_one(); }
    void notify_all() noexcept { condition_.notify_all(); }

  private:
    std::condition_variable_any condition_;
};

}  // namespace faregate
