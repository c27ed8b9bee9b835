//! What must hold for every route and every command, whichever there are: the tests read the server's own documents, so that
//! a new route is covered the day it appears. One that a test does not know how to ask fails that test.

mod advisories;
mod audit;
mod cross_site;
mod document;
mod hostile_text;
mod limits;
mod mass_assignment;
mod object_access;
mod permission_matrix;
mod quotas;
mod world;
