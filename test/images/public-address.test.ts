import { describe, expect, it } from 'vitest';
import { isPublicAddress, parseAddress } from '../../src/images/public-address.js';

describe('an address of the public internet', () => {
  it.each([
    '8.8.8.8',
    '93.184.215.14',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450:4001:81b::200e',
    '::ffff:8.8.8.8',
  ])('may be %s', address => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ['no address', 'localhost'],
    ['no address', ''],
    ['a number, which only URLs take for an address', '2130706433'],
    ['of this host', '0.0.0.0'],
    ['of this network', '0.1.2.3'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['of a carrier', '100.64.0.1'],
    ['of a carrier', '100.127.255.255'],
    ['link-local, where clouds keep keys', '169.254.169.254'],
    ['for protocols', '192.0.0.8'],
    ['for documentation', '192.0.2.1'],
    ['for documentation', '203.0.113.9'],
    ['for benchmarks', '198.18.0.1'],
    ['a 6to4 relay', '192.88.99.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['loopback in disguise', '::ffff:127.0.0.1'],
    ['loopback in disguise', '::ffff:7f00:1'],
    ['loopback in old disguise', '::127.0.0.1'],
    ['loopback in SIIT', '::ffff:0:127.0.0.1'],
    ['link-local', 'fe80::1'],
    ['link-local', 'fe80::1%eth0'],
    ['unique local', 'fc00::1'],
    ['unique local', 'fd00:ec2::254'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['NAT64 of a network', '64:ff9b:1::7f00:1'],
    ['6to4', '2002:7f00:1::'],
    ['Teredo', '2001:0:7f00:1::'],
    ['for documentation', '2001:db8::1'],
    ['ORCHID', '2001:20::1'],
    ['discard', '100::1'],
    ['not given out', '4000::1'],
  ])('is not %s: %s', (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('is written in one way only', () => {
    expect(parseAddress('::FFFF:127.0.0.1')).toBe('127.0.0.1');
    expect(parseAddress('2606:4700:0:0:0:0:0:1111')).toBe('2606:4700::1111');
    expect(parseAddress('example.org')).toBeUndefined();
  });
});
