SELECT city, count(*), round(sum(amount), 2) FROM person JOIN sale ON sale.person = person.id
    GROUP BY city ORDER BY 3 DESC;
SELECT name, total FROM (SELECT person, sum(amount) AS total FROM sale GROUP BY person)
    JOIN person ON person.id = person ORDER BY total DESC LIMIT 50;
SELECT item, count(DISTINCT person) FROM sale GROUP BY item HAVING count(*) > 20 ORDER BY 2, 1;
UPDATE person SET note = upper(note) || ' ' || city WHERE id % 3 = 0;
SELECT group_concat(name, ' ') FROM person WHERE note LIKE '%SNUG%';
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    SELECT sum(length(printf('%d:%x', i, i * 7919))) FROM n;
DELETE FROM sale WHERE day < 100;
VACUUM;
SELECT count(*), max(length(note)) FROM person, (SELECT DISTINCT day FROM sale) LIMIT 1;
