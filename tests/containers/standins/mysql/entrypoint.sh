#!/bin/sh
# Makes the database and its users as the image mysql:8.4 does, the password put into the statement as it is.
set -eu
if [ -x /usr/sbin/mariadbd ]; then server=mariadbd; else server=mysqld; fi
set -- "$@" --datadir=/var/lib/mysql --socket=/tmp/mysqld.sock --pid-file=/tmp/mysqld.pid --bind-address=0.0.0.0
if [ ! -d /var/lib/mysql/mysql ]; then
    case $server in
        mariadbd) mariadb-install-db --datadir=/var/lib/mysql --auth-root-authentication-method=normal >/dev/null ;;
        mysqld) mysqld --initialize-insecure --datadir=/var/lib/mysql ;;
    esac
    {
        if [ "${MYSQL_ROOT_PASSWORD:-}" ]; then
            echo "CREATE USER root@'%' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';"
            echo "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"
        fi
        if [ "${MYSQL_DATABASE:-}" ]; then
            echo "CREATE DATABASE \`$MYSQL_DATABASE\`;"
            echo "CREATE USER '$MYSQL_USER'@'%' IDENTIFIED BY '$MYSQL_PASSWORD';"
            echo "GRANT ALL ON \`$MYSQL_DATABASE\`.* TO '$MYSQL_USER'@'%';"
        fi
    } >/tmp/first.sql
    set -- "$@" --init-file=/tmp/first.sql
fi
exec "$server" --no-defaults "$@"
