#!/bin/sh
# Makes a schema and a user for each service, that user granted that schema only. Safe to repeat.
set -eu

database() {
  printf '%s\n' \
    "CREATE DATABASE IF NOT EXISTS \`$1\` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci;" \
    "CREATE USER IF NOT EXISTS '$1'@'%' IDENTIFIED BY '$2';" \
    "ALTER USER '$1'@'%' IDENTIFIED BY '$2' WITH MAX_USER_CONNECTIONS 60;" \
    "REVOKE ALL PRIVILEGES, GRANT OPTION FROM '$1'@'%';" \
    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON \`$1\`.* TO '$1'@'%';"
}

{
  database auth "$AUTH_DATABASE_PASSWORD"
  database social "$SOCIAL_DATABASE_PASSWORD"
  database posts "$POSTS_DATABASE_PASSWORD"
  database dm "$DM_DATABASE_PASSWORD"
  database notifications "$NOTIFICATIONS_DATABASE_PASSWORD"
} | MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --host="$MYSQL_HOST" --user=root
echo 'five schemas and their users are there'
