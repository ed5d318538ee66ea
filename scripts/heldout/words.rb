# Ruby: words counted, grouped and joined; long arrays built and dropped; numbers that grow.
counts = Hash.new(0)
lines = File.readlines(ARGV[0])
lines.each { |line| line.scan(/\w+/) { |word| counts[word.downcase] += 1 } }
groups = counts.keys.group_by { |word| word[0, 2] }
text = groups.sort.map { |start, words| "#{start}: #{words.sort.join(' ')}" }.join("\n")
6.times do |round|
  list = (1..(40_000 + 9000 * round)).map { |number| number * round }
  halves = list.partition(&:even?)
  text = text.gsub(/[aeiou]/) { |letter| letter.upcase } if round == 3
  lines = lines.map { |line| line.split.reverse.join(" ") + "\n" }
  puts halves.map(&:size).inspect
end
puts text.size, (1..400).reduce(:*).to_s.size
