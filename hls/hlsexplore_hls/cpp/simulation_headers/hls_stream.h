// hls::stream for simulation without the vendor's tools: an unbounded queue that reports misuse by name.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace hls {

template <typename T> class stream {
  public:
    explicit stream(const char *name = "unnamed") : name_(name), items_(0), capacity_(0), first_(0), size_(0) {}
    ~stream() {
        if (size_ != 0) {
            fail("still holds data at the end");
        }
        delete[] items_;
    }

    bool empty() const { return size_ == 0; }
    bool full() const { return false; }

    T read() {
        if (size_ == 0) {
            fail("is read while it is empty");
        }
        const T item = items_[first_];
        first_ = (first_ + 1) % capacity_;
        size_--;
        return item;
    }
    void read(T &item) { item = read(); }

    void write(const T &item) {
        if (size_ == capacity_) {
            grow();
        }
        items_[(first_ + size_) % capacity_] = item;
        size_++;
    }

  private:
    stream(const stream &);
    stream &operator=(const stream &);

    void grow() {
        const unsigned long capacity = capacity_ ? 2 * capacity_ : 16;
        T *items = new T[capacity];
        for (unsigned long i = 0; i < size_; i++) {
            items[i] = items_[(first_ + i) % capacity_];
        }
        delete[] items_;
        items_ = items;
        capacity_ = capacity;
        first_ = 0;
    }

    void fail(const char *what) const {
        std::fprintf(stderr, "stream '%s' %s\n", name_, what);
        std::exit(1);
    }

    const char *name_;
    T *items_;
    unsigned long capacity_, first_, size_;
};

} // namespace hls
