// A large file for a C++ compiler: many headers, regular expressions, threads, formatting.
#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <random>
#include <regex>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

int main()
{
    std::regex words("([a-z]+)-([0-9]{2,5})|x(y|z)*");
    std::unordered_map<std::string, std::variant<int, std::string>> table;
    std::string text;
    while (std::getline(std::cin, text)) {
        for (std::sregex_iterator at(text.begin(), text.end(), words), end; at != end; ++at) {
            table[at->str()] = static_cast<int>(at->position());
        }
    }
    auto sum = std::async([&] {
        int total = 0;
        for (auto &[key, value] : table) {
            total += std::holds_alternative<int>(value) ? std::get<int>(value) : 1;
        }
        return total;
    });
    std::cout << sum.get() << '\n';
}
